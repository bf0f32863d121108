"""Runner of text requests, through transformers and llama.cpp."""
