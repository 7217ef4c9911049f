"""From a request to a frozen design: what will be asked, of whom, at what price."""
