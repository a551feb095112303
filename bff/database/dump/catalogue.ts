import pg from "pg";

export type Column = {
  name: string;
  type: string;
  notNull: boolean;
  /** The expression of a default or a generated column; `identity` for an identity column. */
  filledBy: { kind: "default" | "generated" | "identity"; expression: string } | null;
  /** Whether the application's roles may name it in an insert or an update. */
  insertable: boolean;
  updatable: boolean;
  /** Values of a check `in ('a', 'b')` on this column alone. */
  oneOf: readonly string[] | null;
};

export type Key = { name: string; kind: "primary" | "unique" | "foreign" | "check"; definition: string };

export type Reference = { columns: readonly string[]; table: string };

export type Table = {
  name: string;
  owner: string;
  partitionedBy: string | null;
  options: readonly string[];
  columns: readonly Column[];
  keys: readonly Key[];
  primaryKey: readonly string[];
  /** Columns that are unique by themselves. */
  unique: readonly string[];
  references: readonly Reference[];
  indexes: readonly string[];
  rowSecurity: "off" | "enabled" | "forced";
  policies: readonly string[];
  triggers: readonly string[];
  grants: readonly string[];
};

export type StoredFunction = {
  signature: string;
  owner: string;
  attributes: string;
  grants: readonly string[];
};

export type Catalogue = { tables: readonly Table[]; functions: readonly StoredFunction[] };

/** The contents of this database's schema `wheelhouse`, sorted, without partitions and the ledger of migrations. */
export async function readCatalogue(url: string): Promise<Catalogue> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    // Names outside the schema are qualified, whatever the role's settings.
    await client.query("set search_path = pg_catalog");
    const { rows: tables } = await client.query<Table>(tablesSql);
    const { rows: functions } = await client.query<StoredFunction>(functionsSql);
    return { tables, functions };
  } finally {
    await client.end();
  }
}

/** The type as a migration writes it. */
export function shortType(type: string): string {
  return type.replace(/^timestamp(\(\d\))? with time zone/, "timestamptz$1");
}

const grantsOf = (acl: string, what: string, of: string) => `
  select 'grant ' || string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) || ' on ${what}' || ${of}
    || ' to ' || case g.grantee when 0 then 'public' else g.grantee::regrole::text end as statement
  from aclexplode(${acl}) g`;

const tablesSql = `
  with relations as (
    select c.oid, c.relname, c.relowner, c.relacl, c.reloptions, c.relkind, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c
    where c.relnamespace = 'wheelhouse'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'schema_migrations'
  )
  select r.relname as name, r.relowner::regrole::text as owner, coalesce(r.reloptions, '{}') as options,
    case when r.relkind = 'p' then pg_get_partkeydef(r.oid) end as "partitionedBy",
    case when r.relforcerowsecurity then 'forced' when r.relrowsecurity then 'enabled' else 'off' end as "rowSecurity",
    (select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
        'filledBy', case
          when a.attidentity <> '' then json_build_object('kind', 'identity', 'expression',
            case a.attidentity when 'a' then 'always' else 'by default' end)
          when a.attgenerated <> '' then json_build_object('kind', 'generated', 'expression', pg_get_expr(d.adbin, d.adrelid))
          when d.adbin is not null then json_build_object('kind', 'default', 'expression', pg_get_expr(d.adbin, d.adrelid)) end,
        'insertable', a.attgenerated = '' and (
          has_column_privilege('wheelhouse_app', r.oid, a.attnum, 'insert')
          or has_column_privilege('wheelhouse_system', r.oid, a.attnum, 'insert')),
        'updatable', a.attgenerated = '' and (
          has_column_privilege('wheelhouse_app', r.oid, a.attnum, 'update')
          or has_column_privilege('wheelhouse_system', r.oid, a.attnum, 'update')),
        'oneOf', (select (select json_agg(m[1]) from regexp_matches(pg_get_constraintdef(k.oid), '''([^'']+)''::text', 'g') m)
          from pg_constraint k where k.conrelid = r.oid and k.contype = 'c' and k.conkey = array[a.attnum]
            and pg_get_constraintdef(k.oid) ~ ('^CHECK \\(\\(' || a.attname || ' = ANY \\(ARRAY\\[''')
          limit 1)
      ) order by a.attnum)
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped) as columns,
    coalesce((select json_agg(json_build_object('name', k.conname, 'definition', pg_get_constraintdef(k.oid), 'kind',
        case k.contype when 'p' then 'primary' when 'u' then 'unique' when 'f' then 'foreign' else 'check' end)
        order by position(k.contype::text in 'pufc'), k.conname)
      from pg_constraint k where k.conrelid = r.oid and k.contype in ('p', 'u', 'f', 'c')), '[]') as keys,
    array(select a.attname::text from pg_constraint k cross join unnest(k.conkey) with ordinality as n (attnum, place)
      join pg_attribute a on a.attrelid = r.oid and a.attnum = n.attnum
      where k.conrelid = r.oid and k.contype = 'p' order by n.place) as "primaryKey",
    array(select a.attname::text from pg_constraint k join pg_attribute a on a.attrelid = r.oid and array[a.attnum] = k.conkey
      where k.conrelid = r.oid and k.contype = 'u' order by 1) as "unique",
    coalesce((select json_agg(json_build_object('table', f.relname, 'columns', (
        select json_agg(a.attname order by n.place) from unnest(k.conkey) with ordinality as n (attnum, place)
        join pg_attribute a on a.attrelid = r.oid and a.attnum = n.attnum)) order by k.conname)
      from pg_constraint k join pg_class f on f.oid = k.confrelid
      where k.conrelid = r.oid and k.contype = 'f'), '[]') as references,
    array(select pg_get_indexdef(i.indexrelid) from pg_index i
      where i.indrelid = r.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
      order by i.indexrelid::regclass::text) as indexes,
    array(select 'create policy ' || quote_ident(p.polname) || ' on ' || r.oid::regclass
        || case when p.polpermissive then '' else ' as restrictive' end
        || case p.polcmd when '*' then '' when 'r' then ' for select' when 'a' then ' for insert' when 'w' then ' for update'
          else ' for delete' end
        || ' to ' || (select string_agg(case role when 0 then 'public' else role::regrole::text end, ', ' order by role::regrole::text)
          from unnest(p.polroles) role)
        || coalesce(' using (' || pg_get_expr(p.polqual, r.oid) || ')', '')
        || coalesce(' with check (' || pg_get_expr(p.polwithcheck, r.oid) || ')', '')
      from pg_policy p where p.polrelid = r.oid order by p.polname) as policies,
    array(select pg_get_triggerdef(t.oid)
        || case t.tgenabled when 'A' then ' -- always' when 'R' then ' -- replica' when 'D' then ' -- disabled' else '' end
      from pg_trigger t where t.tgrelid = r.oid and not t.tgisinternal order by t.tgname) as triggers,
    array(${grantsOf("r.relacl", "", "r.oid::regclass")}
      where g.grantee <> r.relowner group by g.grantee order by 1)
    || array(select 'grant ' || lower(g.privilege_type) || ' (' || string_agg(a.attname, ', ' order by a.attnum) || ') on '
        || r.oid::regclass || ' to ' || g.grantee::regrole
      from pg_attribute a cross join aclexplode(a.attacl) g where a.attrelid = r.oid
      group by g.privilege_type, g.grantee order by g.grantee::regrole::text, g.privilege_type) as grants
  from relations r order by r.relname`;

const functionsSql = `
  select 'wheelhouse.' || p.proname || '(' || pg_get_function_arguments(p.oid) || ') returns ' || pg_get_function_result(p.oid) as signature,
    p.proowner::regrole::text as owner,
    concat_ws(', ', l.lanname, case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      case when p.proisstrict then 'strict' end, case when p.prosecdef then 'security definer' end,
      case p.proparallel when 's' then 'parallel safe' end, array_to_string(p.proconfig, ', ')) as attributes,
    array(${grantsOf(
      "coalesce(p.proacl, acldefault('f', p.proowner))",
      "function ",
      "p.oid::regprocedure",
    )} where g.grantee <> p.proowner group by g.grantee order by 1) as grants
  from pg_proc p join pg_language l on l.oid = p.prolang
  where p.pronamespace = 'wheelhouse'::regnamespace order by p.proname, 1`;
