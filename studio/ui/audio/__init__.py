"""Audio in the window: playback, waveform, reading files; and the MIDI file to continue."""
