"""Transcription: speech recognition with Whisper."""
