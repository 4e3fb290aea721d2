namespace ClusterSession.Failover.Control;

/// <summary>The scripts that write and renew the lease record, each in one step.</summary>
internal static class LeaseScripts
{
    /// <summary>
    /// Keys: record, epoch of the data. Arguments: the record, run id, epoch, when it expires (ms
    /// since 1970). Answers why it did nothing; empty: the record is written, and the users
    /// are let in next. The time is asked last.
    /// </summary>
    public const string Open = """
        if string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ~= ARGV[2] then
          return 'it is another process'
        end
        if string.match(redis.call('INFO', 'replication'), 'role:(%a+)') ~= 'master' then
          return 'it is a replica'
        end
        local epoch = redis.call('GET', KEYS[2])
        if epoch and not (tonumber(epoch) and tonumber(epoch) <= tonumber(ARGV[3])) then
          return 'its data is of a later epoch, or of one that cannot be read'
        end
        local time = redis.call('TIME')
        if time[1] * 1000 + time[2] / 1000 >= tonumber(ARGV[4]) then
          return 'the record would be over already'
        end
        redis.call('SET', KEYS[2], ARGV[3])
        redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[4])
        return ''
        """;

    /// <summary>
    /// Key: record. Arguments: the record, when it expires. Answers 1 if it is there.
    /// </summary>
    public const string Extend = """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then
          return 0
        end
        return redis.call('PEXPIREAT', KEYS[1], ARGV[2])
        """;
}
