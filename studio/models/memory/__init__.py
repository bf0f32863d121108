"""How a model is loaded: hardware, load plan, probe."""
