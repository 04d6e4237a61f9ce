// What the functions of SQL Server do: those that only read (its Transact-SQL reference), and the rest.
import type { FunctionTable } from '../functions.ts';

export const MSSQL: FunctionTable = {
  harmless: `
    abs acos app_name approx_count_distinct approx_percentile_cont approx_percentile_disc ascii asin assemblyproperty atan atn2 avg base64_decode
    base64_encode binary_checksum bit_count cast ceiling char charindex checksum checksum_agg choose coalesce col_length col_name columnproperty
    compress concat concat_ws connectionproperty contains containedin convert cos cot count count_big cube cume_dist current_date current_request_id
    current_timestamp current_timezone current_timezone_id current_transaction_id current_user cursor_status databaseproperty databasepropertyex
    datalength date_bucket dateadd datediff datediff_big datefromparts datename datepart datetime2fromparts datetimefromparts
    datetimeoffsetfromparts datetrunc day db_id db_name decompress degrees dense_rank difference edit_distance edit_distance_similarity eomonth
    error_line error_message error_number error_procedure error_severity error_state exp file_id file_idex file_name filegroup_id filegroup_name
    filegroupproperty fileproperty first_value floor format formatmessage freetext fulltextcatalogproperty fulltextserviceproperty generate_series
    get_bit get_filestream_transaction_context getansinull getdate getutcdate greatest grouping grouping_id has_dbaccess has_perms_by_name hashbytes
    host_id host_name ident_current ident_incr ident_seed identity iif index_col indexkey_property indexproperty is_member is_rolemember
    is_srvrolemember isdate isjson isnull isnumeric jaro_winkler_distance jaro_winkler_similarity json_array json_arrayagg json_contains json_modify
    json_object json_objectagg json_path_exists json_query json_value lag last_value lead least left left_shift len log log10 lower ltrim max min
    min_active_rowversion month nchar newid ntile nullif object_definition object_id object_name object_schema_name objectproperty
    objectpropertyex openjson original_db_name original_login parse parsename patindex percent_rank percentile_cont percentile_disc permissions pi
    power product quotename radians rand rank regexp_count regexp_instr regexp_like regexp_matches regexp_replace regexp_split_to_table
    regexp_substr replace replicate reverse right right_shift rollup round row_number rowcount_big rtrim schema_id schema_name scope_identity
    serverproperty session_context session_user sessionproperty set_bit sign sin smalldatetimefromparts soundex space sql_variant_property sqrt square
    stats_date stdev stdevp str string_agg string_escape string_split stuff substring sum suser_id suser_name suser_sid suser_sname
    switchoffset sysdatetime sysdatetimeoffset system_user sysutcdatetime tan tertiary_weights textptr textvalid timefromparts todatetimeoffset
    translate trigger_nestlevel trim try_cast try_convert try_parse type_id type_name typeproperty unicode unistr upper user user_id
    user_name var varp vector_distance vector_norm vector_normalize vectorproperty xact_state year crypt_gen_random hex newsequentialid
  `,
  chance: 'newid newsequentialid rand crypt_gen_random',
  effects: {
    program: 'openrowset openquery opendatasource ai_generate_* xp_* sys.xp_*',
    procedure: 'sp_* sys.sp_* sys.fn_* sp_executesql',
    file: 'fn_get_audit_file fn_trace_gettable fn_xe_file_target_read_file fn_dump_dblog sys.dm_os_file_exists sys.dm_os_enumerate_filesystem',
    other: 'opencursor predict',
  },
};
