using System.Diagnostics.CodeAnalysis;

namespace ClusterSession.Serialization;

/// <summary>Turns values into the bytes of an attribute and back. Thread-safe.</summary>
/// <remarks>
/// A serializer must give the same bytes for the same value, since bytes that did not change are
/// not written, and must never take the name of a type from the data.
/// </remarks>
public interface ISessionSerializer
{
    /// <summary>Turns a value into bytes.</summary>
    /// <typeparam name="T">The type the application asked for.</typeparam>
    /// <param name="value">The value.</param>
    byte[] Serialize<T>(T value);

    /// <summary>Turns bytes into a value.</summary>
    /// <typeparam name="T">The type the application asks for.</typeparam>
    /// <param name="bytes">The attribute's bytes; not valid after the call.</param>
    [return: MaybeNull]
    T Deserialize<T>(ReadOnlySpan<byte> bytes);
}
