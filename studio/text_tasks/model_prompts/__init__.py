"""Texts for models that are not part of a task's file. They are not translated."""
