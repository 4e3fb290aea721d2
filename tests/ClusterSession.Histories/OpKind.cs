namespace ClusterSession.Histories;

public enum OpKind
{
    /// <summary>Reads one attribute; a null value means that it is absent.</summary>
    Get,

    /// <summary>Writes one attribute that others may write too.</summary>
    Set,

    /// <summary>
    /// Adds an entry: an attribute of its own (<c>e:value</c>), which nobody else writes.
    /// </summary>
    Append,

    /// <summary>Reads all entries.</summary>
    List,

    /// <summary>Removes an attribute, or an entry when the key is <c>e:value</c>.</summary>
    Remove,

    /// <summary>Increments a counter; the number is the one that was answered.</summary>
    Counter,

    /// <summary>Reads a counter.</summary>
    CounterRead,

    Destroy,

    /// <summary>Changes the id of the session; the old one must die.</summary>
    Renew,
}
