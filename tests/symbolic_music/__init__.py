"""symbolic_music"""
