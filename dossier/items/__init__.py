"""Items: taking them in, keeping their ciphertext, listing and placing them. The server only ever holds ciphertext."""
