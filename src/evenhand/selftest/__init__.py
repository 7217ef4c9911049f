"""The pipeline tested on respondents whose bias is known, and the simulations behind the stated error rates."""
