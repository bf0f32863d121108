"""Runs the starter poem model: quatrains in their form, with rhyme and tones."""
