"""Sound to commands and sentences to sound: microphone or file, recognisers, stop words, speaker."""
