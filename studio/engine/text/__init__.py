"""Runs text models through transformers and llama.cpp."""
