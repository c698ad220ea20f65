"""The speed of the API: the same signed requests to RealVPC and to emulators of others, in turns."""
