"""Loading a generator; searching its latent space; writing pictures."""
