"""Files of rows as other programs write them: compression, encoding and separator, recognised or named."""
