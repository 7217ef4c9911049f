"""`hf/PATH`: local weights in the Hugging Face format, computed in this process."""
