"""Session Manager: shells in instances for unmodified clients, over AWS's data channel."""
