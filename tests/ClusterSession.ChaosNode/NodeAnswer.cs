using System.Text.Json;
using System.Text.Json.Serialization;
using ClusterSession.Histories;

namespace ClusterSession.ChaosNode;

/// <summary>
/// What a node answers: the operations with what they read, and what it says about the session.
/// </summary>
public sealed record NodeAnswer
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public required string Node { get; init; }

    public required IReadOnlyList<Op> Ops { get; init; }

    /// <summary>
    /// The request found no session: either it brought no cookie, or an unknown one.
    /// </summary>
    public bool IsNew { get; init; }

    public bool IsRegressed { get; init; }

    public bool IsAvailable { get; init; } = true;

    /// <summary>
    /// The version served from, as <c>stamp/writer</c>; null where there are no versions.
    /// </summary>
    public string? Served { get; init; }

    /// <summary>Where the copy came from.</summary>
    public string? Source { get; init; }

    /// <summary>All attributes, for <c>/state</c>.</summary>
    public IReadOnlyDictionary<string, string>? State { get; init; }
}
