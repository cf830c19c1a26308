"""The image under test in a real container engine. scripts/container-test starts the engine and makes the images."""

import os
import pathlib
import sys
import unittest

# The tests ignore the AWS account that the caller is signed in to.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def main():
    here = pathlib.Path(__file__).parent
    suite = unittest.TestLoader().discover(str(here / "engine"), pattern="test_*.py", top_level_dir=str(here))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    return not (result.wasSuccessful() and result.testsRun)


if __name__ == "__main__":
    sys.exit(main())
