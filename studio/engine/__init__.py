"""Engines that run jobs, and one package of runners for each kind of request. No Qt."""
