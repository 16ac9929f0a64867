"""Configuration files of ferbench, as a package so that an installed ``ferbench run`` finds them."""
