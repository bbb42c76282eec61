"""Pages of an account: sign-in, profile, sessions and personal API keys."""
