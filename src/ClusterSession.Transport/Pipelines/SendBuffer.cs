using System.Buffers;

namespace ClusterSession.Transport.Pipelines;

/// <summary>
/// A growing buffer of bytes to be sent, rented from the shared pool. Not thread-safe: its owner
/// locks.
/// </summary>
internal sealed class SendBuffer : IDisposable
{
    // A buffer that once held a large session is not kept at that size for ever.
    private const int InitialBytes = 16 << 10;
    private const int KeepBytes = 1 << 20;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes written.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    /// <summary>Room for at least so many bytes.</summary>
    public Span<byte> GetSpan(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Grow(bytes);
        }

        return _buffer.AsSpan(Length);
    }

    /// <summary>Counts bytes filled in as written.</summary>
    public void Advance(int bytes) => Length += bytes;

    /// <summary>Drops what was written after the first so many bytes.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Forgets what was written, and a very large buffer with it.</summary>
    public void Clear()
    {
        Length = 0;
        if (_buffer.Length > KeepBytes)
        {
            Replace(InitialBytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Length = 0;
        Replace(0);
    }

    private void Grow(int bytes)
    {
        var needed = checked(Length + bytes);
        Replace(Math.Max(needed, (int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
    }

    private void Replace(int bytes)
    {
        var old = _buffer;
        _buffer = bytes == 0 ? [] : ArrayPool<byte>.Shared.Rent(bytes);
        old.AsSpan(0, Length).CopyTo(_buffer);
        // Commands carry session values and at the start a password: they must not lie about in the
        // shared pool.
        old.AsSpan().Clear();
        if (old.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(old);
        }
    }
}
