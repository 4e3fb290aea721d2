namespace ClusterSession.Histories;

/// <summary>One operation inside a request, in the order of execution.</summary>
public sealed record Op
{
    public required OpKind Kind { get; init; }

    public string? Key { get; init; }

    /// <summary>Written or read; null for a read that found nothing.</summary>
    public string? Value { get; init; }

    /// <summary>What a <see cref="OpKind.List"/> found.</summary>
    public IReadOnlyList<string>? Values { get; init; }

    /// <summary>What a counter answered; null when the answer was lost.</summary>
    public long? Number { get; init; }

    public static Op Get(string key, string? value) =>
        new()
        {
            Kind = OpKind.Get,
            Key = key,
            Value = value,
        };

    public static Op Set(string key, string value) =>
        new()
        {
            Kind = OpKind.Set,
            Key = key,
            Value = value,
        };

    public static Op Append(string value) =>
        new()
        {
            Kind = OpKind.Append,
            Key = EntryKey(value),
            Value = value,
        };

    public static Op List(params string[] values) => new() { Kind = OpKind.List, Values = values };

    public static Op Remove(string key) => new() { Kind = OpKind.Remove, Key = key };

    public static Op RemoveEntry(string value) => Remove(EntryKey(value));

    public static Op Counter(string key, long? number) =>
        new()
        {
            Kind = OpKind.Counter,
            Key = key,
            Number = number,
        };

    public static Op CounterRead(string key, long? number) =>
        new()
        {
            Kind = OpKind.CounterRead,
            Key = key,
            Number = number,
        };

    public static Op Destroy() => new() { Kind = OpKind.Destroy };

    public static Op Renew() => new() { Kind = OpKind.Renew };

    public static string EntryKey(string value) => "e:" + value;
}
