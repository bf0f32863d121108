"""Tools that work on an image: enlarge, restyle, cut out, repair, adjust."""
