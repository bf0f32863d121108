"""Zip files of XML parts, as Word, OpenDocument and EPUB have them."""
