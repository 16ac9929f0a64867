"""Configuration files of ferbench; a package, so that an installed ``ferbench run`` finds them."""
