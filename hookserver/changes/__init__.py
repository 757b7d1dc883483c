"""What a change of a setting does, computed: nothing here touches Docker, Nginx or the database."""
