"""L2.5: would this pod fit, how well, whom would it displace. Pure; knows state alone."""
