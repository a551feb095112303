-- Whether a database is up to date is checked at each start, by the roles of the product and without an administrator.
grant select on wheelhouse.schema_migrations to wheelhouse_system;
