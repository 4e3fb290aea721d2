using ClusterSession.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Hosting;

public sealed class ApplicationIdentityTests
{
    [Theory]
    [InlineData("shop", "cs.shop")]
    [InlineData("Shop.Web", "cs.Shop.Web")]
    [InlineData("a_b-c", "cs.a_b-c")]
    public void Name_that_can_be_part_of_a_key_is_part_of_the_prefix_as_it_is(string name, string prefix) =>
        Assert.Equal(prefix, ApplicationIdentity.PrefixOf(name));

    [Fact]
    public void Names_that_differ_have_prefixes_that_differ_and_can_be_used()
    {
        string[] names =
        [
            "my shop",
            "my:shop",
            "my-shop",
            "{shop}",
            "[shop]",
            "shop",
            "Shop",
            "läden",
            "laden",
            new('a', 61),
            new('a', 62),
            new('a', 63),
            new string('a', 62) + "b",
        ];
        var prefixes = names.Select(ApplicationIdentity.PrefixOf).ToArray();
        Assert.Equal(names.Length, prefixes.Distinct().Count());
        Assert.All(prefixes, prefix =>
        {
            Assert.InRange(prefix.Length, 4, 64);
            Assert.Matches("^[A-Za-z0-9._-]+$", prefix);
        });
    }

    [Fact]
    public void Name_is_the_hosts_where_the_options_say_none_and_a_prefix_that_they_say_stays()
    {
        Assert.Equal(("admin", "cs.admin"), Of("admin"));
        Assert.Equal(("shop", "cs.shop"), Of("admin", ("ClusterSession:ApplicationName", "shop")));
        Assert.Equal(("admin", "mine"), Of("admin", ("ClusterSession:KeyPrefix", "mine")));
    }

    [Fact]
    public void Name_without_a_host_is_that_of_the_assembly_that_was_started()
    {
        var options = Settings.Read();
        Assert.Equal(System.Reflection.Assembly.GetEntryAssembly()!.GetName().Name, options.ApplicationName);
        Assert.Equal("cs." + options.ApplicationName, options.KeyPrefix);
    }

    [Fact]
    public void Empty_name_is_refused_with_the_remedy()
    {
        Assert.Contains("leave it out", Assert.Single(Settings.Failures(("ApplicationName", ""))));
        var failure = Assert.Single(Settings.FailuresOfCode(options => options.ApplicationName = " "));
        Assert.StartsWith("ClusterSession:ApplicationName is ' '", failure);
        Assert.Contains("name of the host's application", failure);
    }

    [Fact]
    public void Name_with_half_a_surrogate_pair_is_refused_because_two_names_would_be_one()
    {
        foreach (var name in new[] { "shop\uD800", "\uDC00shop" })
        {
            var failure = Assert.Single(Settings.FailuresOfCode(options => options.ApplicationName = name));
            Assert.StartsWith("ClusterSession:ApplicationName has a surrogate", failure);
            Assert.True(failure.IsNormalized(), "the message can be written");
        }
    }

    private static (string? Name, string? Prefix) Of(string host, params (string Setting, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = host });
        foreach (var (setting, value) in settings)
        {
            builder.Configuration[setting] = value;
        }

        builder.Services.AddClusterSession().UseInMemory();
        using var provider = builder.Services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptions<ClusterSessionOptions>>().Value;
        return (options.ApplicationName, options.KeyPrefix);
    }
}
