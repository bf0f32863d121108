"""The windows that list documents and chats."""
