using System.Security.Claims;
using ClusterSession;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;

// Name, cookie and Redis are those of the other application: appsettings.json of both.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddClusterSession().UseRedis().AddTicketStore();
builder.Services.AddDataProtection().SetApplicationName("Shop").PersistKeysToClusterSession();
builder
    .Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(options => options.Cookie.Name = ".Shop.Login");

var app = builder.Build();
app.UseAuthentication();
app.UseClusterSession();

// Without a password: this sample is about what comes after it.
app.MapPost("/login/{name}", (string name, HttpContext context) =>
{
    Claim[] claims = [new(ClaimTypes.NameIdentifier, name), new(ClaimTypes.Name, name)];
    const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
    return context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme)));
});

// Names of attributes say whose they are; types that both know are in no assembly of both.
app.MapPost("/basket/{item}", (string item, HttpContext context) =>
{
    var session = context.GetClusterSession();
    session.Set<string[]>("shop:basket", [.. session.Get<string[]>("shop:basket") ?? [], item]);
});

app.MapGet("/", (HttpContext context) => new
        {
            User = context.User.Identity?.Name,
            Basket = context.GetClusterSession().Get<string[]>("shop:basket") ?? [],
            Note = context.Session.GetString("support:note"),
        })
    .WithSessionAccess(SessionConcurrency.ReadOnly);
app.Run();
