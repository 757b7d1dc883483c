"""``python -m hookserver`` is the command line."""

if __name__ == "__main__":
    from hookserver.cli import main

    main()
