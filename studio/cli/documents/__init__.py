"""`studio document`: texts of office programs, web pages, books and PDF files."""
