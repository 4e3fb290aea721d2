namespace ClusterSession.Hosting;

/// <summary>
/// Tells a secret that was drawn at random from one that somebody thought up. It says nothing of
/// its value.
/// </summary>
internal static class SecretCheck
{
    private const int LeastLength = 32;
    private const int MaxLength = 1024;
    private const string Remedy = " (the value is not shown). Make one with 'openssl rand -base64 32'.";

    /// <summary>The bytes of a secret in base64, or null.</summary>
    /// <param name="text">The secret.</param>
    /// <param name="problem">What is wrong with it and the remedy, to follow the name of its
    /// setting.</param>
    public static byte[]? Read(string? text, out string? problem)
    {
        var buffer = new byte[MaxLength];
        if (!Convert.TryFromBase64String(text ?? "", buffer, out var length) || length < LeastLength)
        {
            problem = " is not base64 of 32 to 1,024 bytes" + Remedy;
            return null;
        }

        var secret = buffer[..length];
        problem =
            IsPrintable(secret) ? " is base64 of a text and not of random bytes" + Remedy
            : IsPatterned(secret) ? " is not random: its bytes repeat" + Remedy
            : null;
        return problem is null ? secret : null;
    }

    /// <summary>A password in base64: random bytes are that once in 10^13 times.</summary>
    private static bool IsPrintable(byte[] secret) => secret.AsSpan().IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;

    /// <summary>
    /// Few different bytes, a part again and again, or steps of one width. 32 random bytes have 30
    /// different ones.
    /// </summary>
    private static bool IsPatterned(byte[] secret)
    {
        if (secret.Distinct().Count() <= LeastLength / 2)
        {
            return true;
        }

        var step = (byte)(secret[1] - secret[0]);
        if (!Enumerable.Range(1, secret.Length - 1).Any(i => (byte)(secret[i] - secret[i - 1]) != step))
        {
            return true;
        }

        return Enumerable
            .Range(1, secret.Length / 2)
            .Any(period => secret.AsSpan(period).SequenceEqual(secret.AsSpan(0, secret.Length - period)));
    }
}
