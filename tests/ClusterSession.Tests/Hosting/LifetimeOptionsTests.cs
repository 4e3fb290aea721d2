using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

/// <summary>A session that never ends is none that the store could ever forget (X13).</summary>
public sealed class LifetimeOptionsTests
{
    public static TheoryData<TimeSpan> WithoutEnd =>
        [Timeout.InfiniteTimeSpan, TimeSpan.MaxValue, TimeSpan.FromDays(366)];

    [Theory]
    [MemberData(nameof(WithoutEnd))]
    public void Idle_timeout_without_end_is_refused_with_the_longest_there_is(TimeSpan idle)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(options => options.IdleTimeout = idle));
        Assert.Contains(
            $"ClusterSession:IdleTimeout is {idle}. Use a value from 00:00:01 to 365.00:00:00.",
            failure.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Longest_idle_timeout_can_be_used_with_and_without_an_absolute_one()
    {
        Assert.Null(Read(options => options.IdleTimeout = TimeSpan.FromDays(365)).AbsoluteTimeout);
        Read(options => (options.IdleTimeout, options.AbsoluteTimeout) = (TimeSpan.FromDays(365), TimeSpan.MaxValue));
    }

    private static ClusterSessionOptions Read(Action<ClusterSessionOptions> configure)
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddClusterSession(configure);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
    }
}
