using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ClusterSession.Serialization;

/// <summary>
/// The default serializer: System.Text.Json with web defaults, UTF-8, no type names in the data.
/// </summary>
/// <param name="options">Options with a resolver for the types that are used; with source
/// generation it works in native AOT too.</param>
public sealed class JsonSessionSerializer(JsonSerializerOptions options) : ISessionSerializer
{
    /// <summary>Makes a serializer by reflection where the application allows it.</summary>
    public JsonSessionSerializer()
        : this(Defaults()) { }

    /// <inheritdoc/>
    public byte[] Serialize<T>(T value) =>
        JsonSerializer.SerializeToUtf8Bytes(value, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));

    /// <inheritdoc/>
    [return: MaybeNull]
    public T Deserialize<T>(ReadOnlySpan<byte> bytes) =>
        JsonSerializer.Deserialize(bytes, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));

    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2026",
        Justification = "Only where reflection-based serialization is enabled."
    )]
    [UnconditionalSuppressMessage(
        "AOT",
        "IL3050",
        Justification = "Only where reflection-based serialization is enabled."
    )]
    private static JsonSerializerOptions Defaults()
    {
        var defaults = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        if (JsonSerializer.IsReflectionEnabledByDefault)
        {
            defaults.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        }

        return defaults;
    }
}
