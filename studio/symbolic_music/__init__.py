"""Music as notes: vocabulary, grammar, prompts, MIDI continuation, synthesis and mixing (numpy
only).
"""
