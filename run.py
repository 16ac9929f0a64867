"""python run.py [overrides]: the same as ``ferbench run [overrides]``."""

from ferbench.app.main import main

if __name__ == "__main__":
    main()
