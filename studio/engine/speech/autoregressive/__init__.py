"""Speech models that generate token by token, one file a family."""
