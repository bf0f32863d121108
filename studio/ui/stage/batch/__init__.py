"""The results of a batch on the stage."""
