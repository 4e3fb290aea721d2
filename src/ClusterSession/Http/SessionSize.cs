using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>How large a session is with the changes of a request.</summary>
internal static class SessionSize
{
    /// <summary>
    /// Asked when an attribute is set, and not when the session is committed: the application
    /// learns which one it was, and the others are kept.
    /// </summary>
    public static void ThrowIfTooLarge(long most, SessionRecord? record, SessionDelta? delta, string key, byte[] value)
    {
        if (SessionDelta.MaxSize(record, delta, key, value) <= most)
        {
            return;
        }

        var with = new SessionDelta();
        foreach (var (name, bytes) in delta is null ? [] : delta.Changes)
        {
            with.Put(name, bytes);
        }

        var before = with.SizeWith(record);
        with.Set(key, value);
        var size = with.SizeWith(record);
        if (size > most && size > before) // One that was larger already may become smaller.
        {
            throw new InvalidOperationException(
                $"With the attribute '{key}' the session would have {size:N0} bytes, names counted, and "
                    + $"ClusterSession:MaxSessionBytes allows {most:N0}. Store less in the session, remove something, "
                    + "or raise the limit."
            );
        }
    }

    /// <summary>How many attributes there are; removed ones do not count.</summary>
    public static int CountAttributes(SessionRecord? record, SessionDelta? delta)
    {
        var count = 0;
        if (record is not null)
        {
            foreach (var attribute in record)
            {
                count += attribute.Exists ? 1 : 0;
            }
        }

        if (delta is not null)
        {
            foreach (var (name, value) in delta.Changes)
            {
                var exists = record is not null && record.TryFind(name, out var attribute) && attribute.Exists;
                count += (value is null ? 0 : 1) - (exists ? 1 : 0);
            }
        }

        return count;
    }
}
