using ClusterSession.Failover.Options;
using ClusterSession.Redis;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// Reads how a Sentinel site is reached: the connection string of its application, and the address
/// of one Redis.
/// </summary>
internal static class SentinelConnection
{
    private const string Form =
        "Write it as the application has it: sentinel:26379,serviceName=name,user=...,password=...";

    /// <summary>
    /// Reads a connection string. Null: it cannot be read. One that names no Sentinels is returned
    /// too, and is an error. The value is not shown: it holds passwords.
    /// </summary>
    /// <param name="text">The connection string.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="errors">Gets what is wrong with it.</param>
    public static RedisOptions? Read(string text, string name, List<string> errors)
    {
        if (text.Length == 0)
        {
            errors.Add($"{name} is not set. {Form}");
            return null;
        }

        try
        {
            var options = RedisOptions.Parse(text);
            if (options.ServiceName is null)
            {
                errors.Add($"{name} names no Sentinels, since it has no serviceName. {Form}");
            }

            return options;
        }
        catch (FormatException wrong)
        {
            errors.Add($"{name}: {wrong.Message}");
            return null;
        }
    }

    /// <summary>Reads the address of one Redis. Null: the text is no address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="errors">Gets what is wrong with it.</param>
    public static RedisEndpoint? ReadAddress(string text, string name, List<string> errors)
    {
        if (RedisAddress.TryParse(text, out var endpoint))
        {
            return endpoint;
        }

        errors.Add($"{name} is '{text}'. Write it as host:port, as the Sentinels know it.");
        return null;
    }
}
