"""What listens: the gateway, which applies a measured policy to the memory of live requests."""
