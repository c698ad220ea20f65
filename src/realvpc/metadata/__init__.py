"""Instance metadata: what a machine learns about itself at 169.254.169.254."""
