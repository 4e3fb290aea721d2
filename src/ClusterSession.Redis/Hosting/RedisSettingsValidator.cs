using ClusterSession.Stores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ClusterSession.Redis.Hosting;

/// <summary>
/// Checks how Redis is to be reached together with the settings of sessions, so that one exception
/// lists everything. Where <c>UseRedis</c> was not the last word on the
/// store, nothing is checked.
/// </summary>
/// <param name="services">The application's services.</param>
/// <param name="store">The store that <c>UseRedis</c> registered.</param>
/// <param name="validate">Everything that is wrong with its settings.</param>
internal sealed class RedisSettingsValidator(
    IServiceCollection services,
    ServiceDescriptor store,
    Func<ClusterSessionOptions, IEnumerable<string>> validate
) : IValidateOptions<ClusterSessionOptions>
{
    private const int LeastRoom = 5 << 18;
    private const string Example = "a connection string such as 'localhost:6379'";

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ClusterSessionOptions options)
    {
        var isUsed = ReferenceEquals(
            store,
            services.LastOrDefault(static service => service.ServiceType == typeof(IClusterSessionStore))
        );
        var errors = isUsed ? validate(options).ToArray() : [];
        return errors.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    /// <summary>What is wrong with the connection string that the configuration names.</summary>
    public static IEnumerable<string> CheckSetting(IConfiguration? configuration) =>
        configuration?[ConnectionStringWatch.Setting] is { } text
            ? CheckText(text, ConnectionStringWatch.Setting)
            : [$"{ConnectionStringWatch.Setting} is missing. Set it to {Example}, or call UseRedis with one."];

    /// <summary>
    /// What is wrong with a connection string that the code gave; one that the code took from the
    /// configuration is named by its path there.
    /// </summary>
    public static IEnumerable<string> CheckGiven(string? text, IConfiguration? configuration)
    {
        var path = string.IsNullOrWhiteSpace(text)
            ? null
            : configuration
                ?.AsEnumerable()
                .FirstOrDefault(setting => string.Equals(setting.Value, text, StringComparison.Ordinal))
                .Key;
        return CheckText(text, path ?? "The connection string given to UseRedis");
    }

    /// <summary>
    /// What is wrong with options that the code gave, and with a reply too short for a session as
    /// large as it may be.
    /// </summary>
    public static IEnumerable<string> CheckOptions(RedisOptions options, ClusterSessionOptions sessions) =>
        options
            .Validate()
            .Concat(CheckReply(options, sessions))
            .Select(static error => $"The RedisOptions given to UseRedis: {error}");

    /// <summary>
    /// A reply has lengths around names and values, the header, and what was added without
    /// measuring. So it may be larger than <see cref="ClusterSessionOptions.MaxSessionBytes"/> by a
    /// third of that, and by 1.25 MiB at least.
    /// </summary>
    private static IEnumerable<string> CheckReply(RedisOptions options, ClusterSessionOptions sessions)
    {
        var least = sessions.MaxSessionBytes + (long)Math.Max(sessions.MaxSessionBytes / 3, LeastRoom);
        return options.MaxReplyBytes >= least
            ? []
            :
            [
                $"MaxReplyBytes is {options.MaxReplyBytes}, and ClusterSession:MaxSessionBytes "
                    + $"{sessions.MaxSessionBytes}: a session of that size could be stored and not be read. Set "
                    + $"MaxReplyBytes to {least} or more, or lower MaxSessionBytes.",
            ];
    }

    private static IEnumerable<string> CheckText(string? text, string path)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [$"{path} is empty. Set it to {Example}."];
        }

        try
        {
            RedisOptions.Parse(text);
            return [];
        }
        catch (FormatException wrong)
        {
            return [$"{path} cannot be used. {wrong.Message}"];
        }
    }
}
