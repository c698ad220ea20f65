"""The walkthroughs that ``realvpc demo`` replays with an unmodified client and real packets."""
