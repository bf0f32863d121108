"""Find an action, learn the keys, check the installation, report a problem."""
