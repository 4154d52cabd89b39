"""`python -m crm_lab` is `crm-lab`."""

from crm_lab.cli import main

if __name__ == "__main__":
    main()
