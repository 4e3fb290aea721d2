using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

/// <summary>Options as an application with a configuration gets them.</summary>
internal static class Settings
{
    /// <summary>The options, bound and validated; settings are below ClusterSession.</summary>
    public static ClusterSessionOptions Read(params (string Setting, string Value)[] settings) =>
        Provider([.. settings.Select(setting => ("ClusterSession:" + setting.Setting, setting.Value))])
            .GetRequiredService<IOptions<ClusterSessionOptions>>()
            .Value;

    /// <summary>What is wrong with such settings.</summary>
    public static string[] Failures(params (string Setting, string Value)[] settings) =>
        [.. Assert.Throws<OptionsValidationException>(() => Read(settings)).Failures];

    /// <summary>What is wrong with options that code sets.</summary>
    public static string[] FailuresOfCode(Action<ClusterSessionOptions> configure)
    {
        var options = Provider([], services => services.Configure(configure))
            .GetRequiredService<IOptions<ClusterSessionOptions>>();
        return [.. Assert.Throws<OptionsValidationException>(() => options.Value).Failures];
    }

    /// <summary>Services with a configuration of whole paths.</summary>
    public static ServiceProvider Provider(
        (string Path, string Value)[] settings,
        Action<IServiceCollection>? more = null
    )
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    settings.Select(setting => KeyValuePair.Create(setting.Path, (string?)setting.Value))
                )
                .Build()
        );
        services.AddLogging();
        services.AddClusterSession();
        more?.Invoke(services);
        return services.BuildServiceProvider();
    }
}
