using ClusterSession.Redis;

namespace ClusterSession.Cli.Watching;

/// <summary>Reads the connection string of an application on a Sentinel site.</summary>
internal static class SentinelConnection
{
    private const string Form =
        "Write it as the application has it: sentinel:26379,serviceName=name,user=...,password=...";

    /// <summary>Null: it cannot be used. The value is not shown: it holds passwords.</summary>
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
}
